/** User and system time of a process so far, in seconds; a tick is 10 ms. Throws if it has ended. */
export function processCpuS(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
