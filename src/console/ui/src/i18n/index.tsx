// Owns the language: Chinese first, English at a switch; the choice is kept in this browser.
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { en } from "./en";
import { zh } from "./zh";

export type Dictionary = typeof zh;
export type Language = "zh" | "en";
export const dictionaries: Record<Language, Dictionary> = { zh, en };

interface I18n {
  language: Language;
  t: Dictionary;
  choose: (language: Language) => void;
}

const Context = createContext<I18n>({ language: "zh", t: zh, choose: () => undefined });
const KEY = "bidroom-language";

export function LanguageProvider(props: { children: ReactNode; initial?: Language }) {
  const [language, setLanguage] = useState<Language>(() => props.initial ?? (localStorage.getItem(KEY) === "en" ? "en" : "zh"));
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  const choose = (next: Language) => {
    localStorage.setItem(KEY, next);
    setLanguage(next);
  };
  return <Context.Provider value={{ language, t: dictionaries[language], choose }}>{props.children}</Context.Provider>;
}

export const useI18n = (): I18n => useContext(Context);
export const useT = (): Dictionary => useContext(Context).t;
