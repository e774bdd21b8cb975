// Owns whose turn it is to connect: a wall of pictures connects a few at a time, small ones first, so that neither the
// page nor the box meets all of them at once.

/** So many connect at a time: each takes some 100 ms, so that 22 pictures are there within a second. */
const AT_ONCE = 4;

interface Waiting {
  /** Lower goes first. */
  rank: number;
  go: () => void;
}

export class Turns {
  private taken = 0;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly atOnce = AT_ONCE) {}

  /** Waits for a turn; what it gives must be called once, when the turn is over or not wanted any more. */
  async take(rank: number): Promise<() => void> {
    if (this.taken < this.atOnce) this.taken += 1;
    else {
      await new Promise<void>((go) => {
        const place = this.waiting.findIndex((other) => other.rank > rank);
        this.waiting.splice(place < 0 ? this.waiting.length : place, 0, { rank, go });
      });
    }
    let over = false;
    return () => {
      if (over) return;
      over = true;
      const next = this.waiting.shift();
      if (next === undefined) this.taken -= 1;
      else next.go();
    };
  }
}
