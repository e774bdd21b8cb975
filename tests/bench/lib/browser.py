"""Owns a Chromium of a run, in the viewers' namespace."""

import json

from .stage import ROOT, Failed


class Browser:
    """Chromium, driven line by line (browser.mjs); `act` names what a page does (page.js)."""

    def __init__(self, stage, origin):
        self.origin = origin
        words = ["node", ROOT / "tests/bench/lib/browser.mjs", ROOT / "src/console/ui", origin]
        self.program = stage.start("browser", words, talks=True)

    def act(self, page, act, **given):
        """What the act gives."""
        return self._say({"page": page, "origin": self.origin, "act": act, "given": given})

    def visit(self, page, address, **given):
        """Opens a page of the product."""
        return self._say({"page": page, "goto": address, "given": given})

    def _say(self, command):
        process = self.program.process
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise Failed(f"the browser ended:\n{self.program.said()[-2000:]}")
        answer = json.loads(answer)
        if "failed" in answer:
            raise Failed(f"{command.get('act', 'visit')} in Chromium: {answer['failed']}\n{self.program.said()[-2000:]}")
        return answer["done"]

    def end(self):
        """Closes it: what is shown no longer takes time from what is measured next."""
        self.program.process.stdin.close()
        self.program.process.wait(30)
