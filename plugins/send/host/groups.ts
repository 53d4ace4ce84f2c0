import {
  entryOf,
  type HostContext,
  kinds,
  ownerSet,
  type PluginRoute,
  Verdict,
  z,
} from "../../../core/plugin/plugin.ts";
import { SendMessage } from "../common/messages.ts";
import { user, userRange, usersOf } from "../common/user_range.ts";

/** Members of groups that are on their way into the ledger at once, or a few more. */
const MAX_GROUP_WORDS = 8_192;
/** Most members of one group, and of all groups of one request. */
const MAX_MEMBERS = 100_000;
const MAX_MEMBERS_AN_ORDER = 1_000_000;

const groupsSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      group: z.int().min(1).max(0xffff_ffff),
      /** The members one by one, or first and last of them; none removes the group. */
      members: z.array(user).max(MAX_MEMBERS).optional(),
      users: userRange.optional(),
    }).refine(
      ({ members, users }) => (members === undefined) !== (users === undefined),
      "give members or users",
    ).refine(({ users }) => users === undefined || users[1] - users[0] < MAX_MEMBERS, {
      error: `must be at most ${MAX_MEMBERS} users`,
      path: ["users"],
    }),
  ).min(1).max(100_000).refine(
    (groups) =>
      groups.reduce(
        (sum, { members, users }) => sum + (users ? users[1] - users[0] + 1 : members?.length ?? 0),
        0,
      ) <= MAX_MEMBERS_AN_ORDER,
    `must have at most ${MAX_MEMBERS_AN_ORDER} members together: make more in several orders`,
  ),
});

type GroupsOrder = z.infer<typeof groupsSchema>;

/** How operators make groups, and see them. @param checkReady throws while nothing can be entered */
export function groupRoutes(host: HostContext, checkReady: () => void): PluginRoute[] {
  return [{
    method: "post",
    path: "/groups",
    summary: "Makes groups or changes their members; one without members is removed",
    body: groupsSchema,
    handle({ body }) {
      checkReady();
      return setGroups(host, body as GroupsOrder);
    },
  }, {
    method: "get",
    path: "/groups",
    summary: "All groups and how many members each has",
    handle() {
      checkReady();
      return listGroups(host);
    },
  }];
}

/** A few at a time: all together they may be more than there is memory. */
async function setGroups(host: HostContext, { groups }: GroupsOrder): Promise<unknown> {
  let changed = 0;
  for (let next = 0; next < groups.length;) {
    const setting: Promise<boolean>[] = [];
    for (let words = 0; next < groups.length && words < MAX_GROUP_WORDS; next++) {
      const { group, members, users } = groups[next];
      const body = members === undefined ? usersOf(users!) : Uint32Array.from(members);
      words += 1 + body.length;
      setting.push(setGroup(host, group, body));
    }
    changed += (await Promise.all(setting)).filter((isNew) => isNew).length;
  }
  return { changed };
}

async function setGroup(host: HostContext, group: number, members: Uint32Array): Promise<boolean> {
  const { verdict } = await host.enter(
    entryOf(kinds.group, { group, members: members.length }),
    members,
  );
  if (verdict === Verdict.done) await tellChanged(host, group);
  return verdict === Verdict.done;
}

async function listGroups(host: HostContext): Promise<unknown> {
  const groups: { group: number; members: number }[] = [];
  for (let after = 0;;) {
    const { payload } = await host.enter(entryOf(kinds.nextGroup, { after }));
    after = payload[0] >>> 0;
    if (after === 0) return { groups };
    groups.push({ group: after, members: payload[1] });
  }
}

/** A group's owner forgets what it knew, so that chats go to its present members. */
async function tellChanged(host: HostContext, group: number): Promise<void> {
  const words = Int32Array.of(SendMessage.groupChanged, group);
  while (!host.post(ownerSet(group, host.setCount), words, 2)) {
    // As long as a question to the ledger takes, the worker reads its mailbox.
    await host.enter(entryOf(kinds.nextGroup, { after: 0 }));
  }
}
