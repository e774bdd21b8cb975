import { StyleProvider } from "@ant-design/cssinjs";
import "virtual:antd.css";
import "./styles/base.css";
import "./styles/technician.css";
import "./styles/wall.css";
import "./styles/seat.css";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { LanguageProvider } from "./i18n";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has a #root");
// all CSS is in the static files; what the library would still inject ends in an element that no page holds
createRoot(root).render(
  <StyleProvider container={document.createElement("div")}>
    <LanguageProvider>
      <App />
    </LanguageProvider>
  </StyleProvider>,
);
