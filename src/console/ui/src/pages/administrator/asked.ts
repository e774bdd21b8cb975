// Owns which dialog of a list is open, and that the focus goes back to the button that opened it.
import { useEffect, useRef, useState } from "react";
import type { Secret } from "./once";

export function useAsked<Question>() {
  const [asked, setAsked] = useState<Question | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const opener = useRef<Element | null>(null);
  const open = asked !== null || secret !== null;
  useEffect(() => {
    if (open) return;
    const back = opener.current;
    opener.current = null;
    // the dialog takes its focus away after this
    const timer = setTimeout(() => {
      if (back instanceof HTMLElement && back.isConnected) back.focus();
    });
    return () => clearTimeout(timer);
  }, [open]);
  return {
    asked,
    secret,
    ask: (question: Question) => {
      opener.current = document.activeElement;
      setAsked(question);
    },
    answered: () => setAsked(null),
    show: setSecret,
    shown: () => setSecret(null),
  };
}
