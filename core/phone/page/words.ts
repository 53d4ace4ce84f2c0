/** What the pages say, in Chinese and English. `{0}` and so on are filled in. */

export type Language = "zh" | "en";

export const LANGUAGES: readonly Language[] = ["zh", "en"];

const TEXTS = {
  // At the door
  "title": { en: "Red packets", zh: "抢红包" },
  "door.hello": { en: "Shake your phone, win red packets", zh: "摇一摇，抢红包" },
  "door.name": { en: "Your name", zh: "你的名字" },
  "door.nameHint": { en: "It is shown on the big screen", zh: "会显示在大屏幕上" },
  "door.code": { en: "Code", zh: "邀请码" },
  "door.codeHint": { en: "It is on the big screen, or on your invitation", zh: "见大屏幕或你的请柬" },
  "door.enter": { en: "Come in", zh: "进入" },
  "door.entering": { en: "One moment…", zh: "请稍候…" },
  "door.nameMissing": { en: "Please give your name.", zh: "请填写名字。" },
  "door.codeMissing": { en: "Please give the code.", zh: "请填写邀请码。" },
  "door.unreachable": { en: "The host can't be reached. Try again.", zh: "暂时连不上，请再试一次。" },
  "door.wrongCode": { en: "That is not the code.", zh: "邀请码不对。" },
  "door.wrongName": { en: "This name can't be used. Choose another.", zh: "这个名字不能用，请换一个。" },
  "door.notListed": {
    en: "This name is not on the guest list. Write it as your invitation has it, or ask the host.",
    zh: "名单上没有这个名字。请按请柬上的写法填写，或找主持人。",
  },
  "door.taken": {
    en: "Somebody has come in with this name on another phone. Ask the host to let you in.",
    zh: "已有人在另一台手机上用这个名字进入。请找主持人帮忙。",
  },
  "door.full": {
    en: "Everybody that fits is in already. Ask the host.",
    zh: "人已经满了，请找主持人。",
  },
  "door.tooMany": {
    en: "Many are coming in just now. Try again in a moment.",
    zh: "现在进入的人太多，请稍后再试。",
  },
  "door.over": { en: "This evening is over.", zh: "活动已经结束。" },
  // The head of the page
  "head.language": { en: "中文", zh: "English" },
  "head.sound": { en: "Sound", zh: "声音" },
  "head.wins": { en: "My packets", zh: "我的红包" },
  "link.online": { en: "Connected", zh: "已连接" },
  "link.connecting": { en: "Connecting", zh: "正在连接" },
  "link.waiting": {
    en: "No connection just now. What you have won is safe; this page keeps trying.",
    zh: "网络暂时断开。已抢到的红包不会丢，正在重新连接。",
  },
  "link.refused": {
    en: "This phone is no longer let in. Come in again.",
    zh: "这台手机需要重新进入。",
  },
  // Before and between waves
  "lobby.title": { en: "You are in, {0}", zh: "{0}，欢迎！" },
  "lobby.wait": { en: "It starts soon. Keep this page open.", zh: "马上开始，请不要关闭页面。" },
  "lobby.at": { en: "Wave 1 starts at {0}", zh: "第一轮 {0} 开始" },
  "guests.one": { en: "1 guest is here", zh: "已有 1 人到场" },
  "guests.many": { en: "{0} guests are here", zh: "已有 {0} 人到场" },
  "wave.of": { en: "Wave {0} of {1}", zh: "第 {0} 轮，共 {1} 轮" },
  "countdown.title": { en: "Get ready to shake", zh: "准备摇一摇" },
  "countdown.first": { en: "Take your phone in your hand", zh: "拿好手机" },
  "rest.title": { en: "A short rest", zh: "休息一下" },
  "rest.next": { en: "Wave {0} comes next", zh: "接下来是第 {0} 轮" },
  "rest.at": { en: "Wave {0} starts at {1}", zh: "第 {0} 轮 {1} 开始" },
  "rest.last": { en: "That was the last wave", zh: "全部轮次已结束" },
  "paused.title": { en: "A pause", zh: "暂停一下" },
  "paused.wait": { en: "It goes on in a moment.", zh: "马上继续。" },
  // Shaking
  "shake.title": { en: "Shake!", zh: "摇一摇！" },
  "shake.button": { en: "Shake", zh: "摇" },
  "shake.how": {
    en: "Shake your phone, tap the packet or press the space bar",
    zh: "摇动手机、点红包或按空格键",
  },
  "shake.left": { en: "{0} s left", zh: "还剩 {0} 秒" },
  "shake.nothing": { en: "Nothing this time. Again!", zh: "差一点，再摇！" },
  "shake.allGone": { en: "All packets of this wave are gone", zh: "这一轮已被抢光" },
  "shake.busy": { en: "Crowded. Again in a moment!", zh: "人太多，稍等再摇！" },
  "shake.notNow": { en: "Not now. Wait for the next wave!", zh: "现在还不能摇，等下一轮！" },
  "shake.unknown": { en: "No answer. Again!", zh: "没有回应，再摇一次！" },
  "shake.greeting": { en: "{0} wishes you luck!", zh: "{0} 祝你好运！" },
  "shake.enough": {
    en: "You have won as many packets as one guest may. Let the others have a go!",
    zh: "你的红包已达上限，把机会留给别人吧！",
  },
  "motion.ask": { en: "Let me feel when you shake", zh: "开启摇动感应" },
  "motion.denied": {
    en: "This phone doesn't tell when it is shaken. Tap the packet instead.",
    zh: "无法感应摇动，请直接点红包。",
  },
  // A packet
  "packet.won": { en: "A red packet for you!", zh: "抢到一个红包！" },
  "packet.from": { en: "A red packet from {0}!", zh: "抢到 {0} 的红包！" },
  "packet.open": { en: "Open", zh: "開" },
  "packet.openLabel": { en: "Open the packet", zh: "打开红包" },
  "packet.opening": { en: "Opening…", zh: "正在打开…" },
  "packet.amount": { en: "You have won {0} yuan", zh: "恭喜获得 {0} 元" },
  "packet.yuan": { en: "yuan", zh: "元" },
  "packet.luck": { en: "Congratulations", zh: "恭喜发财" },
  "packet.late": {
    en: "This packet was opened too late. It has gone back.",
    zh: "打开得太晚，红包已退回。",
  },
  "packet.next": { en: "Go on", zh: "继续" },
  // What I have won
  "wins.title": { en: "My packets", zh: "我的红包" },
  "wins.none": { en: "None yet. Good luck!", zh: "还没有，祝你好运！" },
  "wins.sum": { en: "{0} yuan in all", zh: "共 {0} 元" },
  "wins.sealed": { en: "not opened yet", zh: "未打开" },
  "wins.wave": { en: "Wave {0}", zh: "第 {0} 轮" },
  "wins.close": { en: "Close", zh: "关闭" },
  "closing.title": { en: "The last packets", zh: "最后的红包" },
  "closing.open": { en: "Open what you have won", zh: "请打开已抢到的红包" },
  "ended.title": { en: "Thank you for coming", zh: "谢谢参与" },
  "ended.won": { en: "You have won {0} yuan", zh: "你一共获得 {0} 元" },
  "ended.none": { en: "No packet this time. Better luck next time!", zh: "这次没有抢到，下次好运！" },
  "sponsors": { en: "with {0}", zh: "{0} 赞助" },
} as const satisfies Readonly<Record<string, Readonly<Record<Language, string>>>>;

export type TextKey = keyof typeof TEXTS;

/** Every text, for whoever checks them. */
export const ALL_TEXTS: Readonly<Record<TextKey, Readonly<Record<Language, string>>>> = TEXTS;

/** A text in a language, with what is filled in. */
export function say(language: Language, key: TextKey, ...values: readonly (string | number)[]): string {
  return TEXTS[key][language].replaceAll(/\{(\d)\}/g, (_, place) => String(values[Number(place)] ?? ""));
}

/** The language of those that a browser prefers; English if it is none of ours. */
export function languageOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split("-")[0] === language);
    if (found !== undefined) return found;
  }
  return "en";
}

/** Fen as yuan, such as `12.05`. */
export function yuan(fen: number): string {
  const whole = Math.floor(fen / 100);
  return `${whole.toLocaleString("en-US")}.${String(fen - whole * 100).padStart(2, "0")}`;
}
