/** Loaded before a session: a write that holds the word "begun" takes long to return from its system call, as on a busy machine. */
if (process.env.FOVEA_LINK_FD) {
  const { Pipe } = process.binding("pipe_wrap");
  const { writeBuffer } = Pipe.prototype;
  Pipe.prototype.writeBuffer = function (request, bytes) {
    const result = writeBuffer.call(this, request, bytes);
    const end = bytes.includes("begun\\n") ? Date.now() + 300 : 0;
    while (Date.now() < end);
    return result;
  };
}
