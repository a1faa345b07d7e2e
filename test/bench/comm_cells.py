"""Cells that open comms and send over them, by kernel. `COUNT` is put in. Deno sends comm messages and hears none; tslab does neither."""

CELLS = {
    ("fovea", "open"): """
import { comms } from "fovea";
const out = comms.open("bench-out");
let heard = 0;
comms.register("bench", (comm) =>
  comm.onMessage(({ buffers }) => {
    if (buffers.length > 0) comm.send({}, { buffers });
    else if (++heard === COUNT) comm.send({ heard });
  }),
);
""",
    ("fovea", "out"): """
for (let i = 0; i < COUNT; i++) out.send({ i, x: 0.5, y: i / COUNT });
""",
    ("deno", "out"): """
for (let i = 0; i < COUNT; i++)
  await Deno.jupyter.broadcast("comm_msg", { comm_id: "out", data: { i, x: 0.5, y: i / COUNT } });
""",
    ("ipykernel", "open"): """
from comm import create_comm

out = create_comm(target_name="bench-out")
heard = 0


def opened(comm, _):
    @comm.on_msg
    def hear(message):
        global heard
        if message["buffers"]:
            comm.send({}, buffers=message["buffers"])
        else:
            heard += 1
            if heard == COUNT:
                comm.send({"heard": heard})


get_ipython().kernel.comm_manager.register_target("bench", opened)
""",
    ("ipykernel", "out"): """
for i in range(COUNT):
    out.send({"i": i, "x": 0.5, "y": i / COUNT})
""",
}
