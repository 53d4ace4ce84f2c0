/** Windows has no such call, and does it by itself. */
const isNeeded = Deno.build.os !== "windows";

/** Makes durable which names are in a folder. */
export function syncFolder(folder: string): void {
  if (!isNeeded) return;
  const file = Deno.openSync(folder);
  try {
    file.syncSync();
  } finally {
    file.close();
  }
}

/** The same for a thread that mustn't wait for a disk. */
export async function syncFolderAside(folder: string): Promise<void> {
  if (!isNeeded) return;
  using file = await Deno.open(folder);
  await file.sync();
}
