import { assert } from "../base/assert.ts";

/** What formulas may call besides the four operations. */
const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  ceil: (value) => Math.ceil(value),
  min: Math.min,
  max: Math.max,
};

type Part = (values: Readonly<Record<string, number>>) => number;

/**
 * A formula as people read it, and as it is computed: one text, so that neither can be wrong about the other. It has names,
 * numbers, `+ - * /`, brackets, and `ceil`, `min` and `max`.
 */
export class Formula {
  readonly text: string;
  /** The names that it is about, in the order in which they stand there. */
  readonly names: readonly string[];
  readonly #compute: Part;
  #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.text = text;
    this.#tokens = text.match(/[a-zA-Z]\w*|\d[\d_]*(?:\.\d+)?(?:e\d+)?|[-+*/(),]|\S/g) ?? [];
    const names: string[] = [];
    this.#compute = this.#sum(names);
    assert(this.#at === this.#tokens.length, `a formula ends where it should: ${text}`);
    this.#tokens = [];
    this.names = [...new Set(names)];
  }

  /** @param values all that it names */
  compute(values: Readonly<Record<string, number>>): number {
    return this.#compute(values);
  }

  #sum(names: string[]): Part {
    let left = this.#product(names);
    while (this.#is("+") || this.#is("-")) {
      const isMinus = this.#take() === "-";
      const [first, second] = [left, this.#product(names)];
      left = isMinus ? (v) => first(v) - second(v) : (v) => first(v) + second(v);
    }
    return left;
  }

  #product(names: string[]): Part {
    let left = this.#value(names);
    while (this.#is("*") || this.#is("/")) {
      const isOver = this.#take() === "/";
      const [first, second] = [left, this.#value(names)];
      left = isOver ? (v) => first(v) / second(v) : (v) => first(v) * second(v);
    }
    return left;
  }

  #value(names: string[]): Part {
    const token = this.#take();
    if (token === "(") {
      const inner = this.#sum(names);
      this.#expect(")");
      return inner;
    }
    if (/^\d/.test(token)) {
      const number = Number(token.replaceAll("_", ""));
      return () => number;
    }
    assert(/^[a-zA-Z]/.test(token), `a value stands at ${token} in: ${this.text}`);
    if (!this.#is("(")) {
      names.push(token);
      return (values) => {
        const value = values[token];
        assert(value !== undefined, `${token} is known before it is named in: ${this.text}`);
        return value;
      };
    }
    return this.#call(token, names);
  }

  #call(name: string, names: string[]): Part {
    assert(Object.hasOwn(FUNCTIONS, name), `there is a function ${name} for: ${this.text}`);
    const call = FUNCTIONS[name];
    this.#expect("(");
    const parts = [this.#sum(names)];
    while (this.#is(",")) {
      this.#take();
      parts.push(this.#sum(names));
    }
    this.#expect(")");
    return (values) => call(...parts.map((part) => part(values)));
  }

  #is(token: string): boolean {
    return this.#tokens[this.#at] === token;
  }

  #take(): string {
    const token = this.#tokens[this.#at++];
    assert(token !== undefined, `a formula is whole: ${this.text}`);
    return token;
  }

  #expect(token: string): void {
    assert(this.#take() === token, `${token} stands where it should in: ${this.text}`);
  }
}
