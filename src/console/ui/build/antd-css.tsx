// Owns `virtual:antd.css`: the CSS of the Ant Design parts that the pages use, made from the same theme object.
// A part that is missing from the list here would be unstyled, so every one that a page imports must stand in it;
// `npm run check` compares (build/check-text.mjs).
import { createCache, extractStyle, StyleProvider } from "@ant-design/cssinjs";
import {
  Alert, App, Button, Checkbox, ConfigProvider, Drawer, Dropdown, Empty, Form, Input, InputNumber, Modal, Progress, Radio,
  Segmented, Select, Switch, Table, Tabs, Tooltip,
} from "antd";
import type { ReactNode } from "react";
import { renderToString } from "react-dom/server";
import type { Plugin } from "vite";
import { theme } from "../src/theme";

const ID = "virtual:antd.css";
const inline = { open: true, getContainer: false as const };

const parts: ReactNode = (
  <>
    <Alert title="" showIcon closable description="" />
    <Button type="primary" danger icon={<i />} loading>x</Button>
    <Button type="default">x</Button>
    <Checkbox.Group options={["x"]} />
    <Drawer {...inline}>x</Drawer>
    <Dropdown open menu={{ items: [{ key: "x", label: "x", children: [{ key: "y", label: "y" }] }] }}><i /></Dropdown>
    <Empty />
    <Form><Form.Item name="x" label="x" help="x" validateStatus="error"><Input prefix="x" /></Form.Item></Form>
    <Input.Password /><Input.TextArea showCount /><Input.OTP /><Input.Search />
    <InputNumber />
    <Modal {...inline}>x</Modal>
    <Progress percent={1} />
    <Radio.Group options={["x"]} optionType="button" /><Radio />
    <Segmented options={["x"]} />
    <Select open options={[{ value: "x" }]} mode="multiple" />
    <Switch />
    <Table dataSource={[{ key: "x" }]} columns={[{ title: "x", filters: [], onFilter: () => true, sorter: true }]} expandable={{ expandedRowRender: () => "x" }} rowSelection={{}} pagination={{ showSizeChanger: true, showQuickJumper: true }} />
    <Tabs items={[{ key: "x", label: "x" }]} />
    <Tooltip open title="x"><i /></Tooltip>
  </>
);

function css(): string {
  const cache = createCache();
  renderToString(
    <StyleProvider cache={cache} layer>
      <ConfigProvider theme={{ ...theme, zeroRuntime: false }} wave={{ disabled: true }}>
        <App message={{ maxCount: 1 }}>{parts}</App>
      </ConfigProvider>
    </StyleProvider>,
  );
  return extractStyle(cache, { plain: true });
}

export function antdCss(): Plugin {
  return {
    name: "antd-css",
    resolveId: (source) => (source === ID ? `\0${ID}` : null),
    load: (id) => (id === `\0${ID}` ? css() : null),
  };
}
