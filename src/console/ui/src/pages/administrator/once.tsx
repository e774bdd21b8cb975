// Owns the dialog that shows a secret once: nothing closes it but its one button.
import { Button, Modal } from "antd";
import { CheckOutlined, CopyOutlined } from "@ant-design/icons";
import { useRef, useState } from "react";
import { useT } from "../../i18n";

export interface Secret {
  title: string;
  help: string;
  secret: string;
}

export function Once({ title, help, secret, onClose }: Secret & { onClose: () => void }) {
  const t = useT();
  const words = t.administrator.once;
  const shown = useRef<HTMLElement>(null);
  const copyButton = useRef<HTMLButtonElement>(null);
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied("yes");
    } catch {
      // then the next thing to do is Ctrl+C
      if (shown.current !== null) getSelection()?.selectAllChildren(shown.current);
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
        if (open) copyButton.current?.focus();
      }}
      footer={<div className="dialog-foot"><Button type="primary" onClick={onClose}>{words.close}</Button></div>}
    >
      <p className="text-warn">{help}</p>
      <div className="once">
        <code className="once-secret" ref={shown}>{secret}</code>
        <Button ref={copyButton} icon={copied === "yes" ? <CheckOutlined /> : <CopyOutlined />} onClick={() => void copy()}>{copied === "yes" ? words.copied : words.copy}</Button>
      </div>
      <p className="once-said" role="status">{copied === "failed" ? words.copyFailed : copied === "yes" ? words.copied : ""}</p>
    </Modal>
  );
}
