// A value that several parts of the page look at; a React component reads it with useValueOf.

export class State {
  #value;
  #listeners = new Set();

  constructor(value) {
    this.#value = value;
  }

  get = () => this.#value;

  set(value) {
    this.#value = value;
    this.#listeners.forEach((listener) => listener());
  }

  // Returns a function that ends it, as React wants.
  watch = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export function useValueOf(state) {
  return globalThis.React.useSyncExternalStore(state.watch, state.get);
}
