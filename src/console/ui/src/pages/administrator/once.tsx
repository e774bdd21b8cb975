// Owns the dialog that shows a secret once: nothing closes it but its one button.
import { Button, Input, Modal } from "antd";
import { CheckOutlined, CopyOutlined } from "@ant-design/icons";
import { useRef, useState } from "react";
import type { InputRef } from "antd";
import { useT } from "../../i18n";

export interface Secret {
  title: string;
  help: string;
  secret: string;
}

export function Once({ title, help, secret, onClose }: Secret & { onClose: () => void }) {
  const t = useT();
  const words = t.administrator.once;
  const field = useRef<InputRef>(null);
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(secret);
      setCopied("yes");
    } catch {
      setCopied("failed");
    }
  };
  return (
    <Modal
      open
      title={<h2 className="dialog-title">{title}</h2>}
      keyboard={false}
      closable={false}
      mask={{ closable: false }}
      focusable={{ trap: true, focusTriggerAfterClose: true }}
      afterOpenChange={(open) => {
        if (open) field.current?.focus();
      }}
      footer={<div className="dialog-foot"><Button type="primary" onClick={onClose}>{words.close}</Button></div>}
    >
      <p className="text-warn">{help}</p>
      <div className="once">
        <Input ref={field} className="once-secret" readOnly value={secret} aria-label={title} spellCheck={false} onFocus={(event) => event.target.select()} />
        <Button icon={copied === "yes" ? <CheckOutlined /> : <CopyOutlined />} onClick={() => void copy()}>{copied === "yes" ? words.copied : words.copy}</Button>
      </div>
      <p className="once-said" role="status">{copied === "failed" ? words.copyFailed : ""}</p>
    </Modal>
  );
}
