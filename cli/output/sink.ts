/** Says that whoever read our output has gone (`| head`), which is nobody's fault: the command ends quietly. */
export class ReaderGone extends Error {}

/** Says that output could not be written, such as to a full disk. */
export class OutputFailed extends Error {}

const GONE: readonly unknown[] = ["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"];

/** A stream that takes text no faster than its reader does. */
export interface Sink {
  /**
   * Writes `text` and waits until it is taken.
   *
   * @throws ReaderGone when nobody reads any more; OutputFailed when it cannot be written.
   */
  write(text: string): Promise<void>;
}

/** Returns the sink of `stream`, which is to be written to by nobody else. */
export function sinkOf(stream: NodeJS.WritableStream): Sink {
  // Every failure reaches the callback of the write that met it; without a listener it would end the process besides.
  stream.on("error", () => undefined);
  return {
    async write(text) {
      await taken(stream, text);
      // A pipe that is written at once never lets the process look at its signals.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function taken(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (error === undefined || error === null) resolve();
      else reject(GONE.includes(error.code) ? new ReaderGone("Nobody reads the output any more.") : failed(error));
    });
  });
}

function failed(cause: NodeJS.ErrnoException): OutputFailed {
  return new OutputFailed(
    `The output could not be written (${cause.code ?? cause.message}). If the command changes the register, that stays done: see macpool list.`,
    { cause },
  );
}
