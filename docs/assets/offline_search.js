// Lets the search run in pages opened from a folder, where browsers start no workers: a hidden frame does the work.
(() => {
  if (location.protocol !== "file:") return;
  window.Worker = class extends EventTarget {
    constructor(script) {
      super();
      this.onmessage = this.onerror = this.onmessageerror = null;
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.documentElement.append(this.frame);
      const room = this.frame.contentWindow;
      room.postMessage = (data) => this.later(data, (copy) => this.hear("message", { data: copy }));
      room.close = () => this.terminate();
      const loader = this.frame.contentDocument.createElement("script");
      loader.src = new URL(script, document.baseURI).href;
      loader.onload = () => {
        this.ready = true;
        this.waiting.splice(0).forEach((data) => this.tell(data));
      };
      loader.onerror = () => this.hear("error", {});
      this.frame.contentDocument.documentElement.append(loader);
    }
    postMessage(data) {
      if (this.ready) this.later(data, (copy) => this.tell(copy));
      else this.waiting.push(structuredClone(data));
    }
    // As between threads: what arrives is a copy, and arrives when what runs now is done.
    later(data, hand) {
      const copy = structuredClone(data);
      setTimeout(() => hand(copy));
    }
    tell(data) {
      const room = this.frame.contentWindow;
      if (room) room.dispatchEvent(new room.MessageEvent("message", { data }));
    }
    hear(kind, content) {
      const event = new MessageEvent(kind, content);
      this[`on${kind}`]?.(event);
      this.dispatchEvent(event);
    }
    terminate() {
      this.frame.remove();
    }
  };
})();
