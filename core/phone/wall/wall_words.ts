/** What the wall and the host's page say, in Chinese and English. `{0}` and so on are filled in. */
import type { Language } from "../page/words.ts";

const TEXTS = {
  "join.title": { en: "Scan, and come in", zh: "扫码参与" },
  "join.code": { en: "Code", zh: "邀请码" },
  "lobby": { en: "It starts soon", zh: "即将开始" },
  "lobby.at": { en: "Wave {0} starts at {1}", zh: "第 {0} 轮 {1} 开始" },
  "countdown": { en: "Phones in your hands!", zh: "拿好手机，准备摇！" },
  "wave": { en: "Shake!", zh: "摇一摇！" },
  "paused": { en: "A pause", zh: "暂停" },
  "rest": { en: "A short rest", zh: "休息一下" },
  "rest.next": { en: "Wave {0} comes next", zh: "接下来是第 {0} 轮" },
  "rest.last": { en: "That was the last wave", zh: "全部轮次已结束" },
  "closing": { en: "Open your packets!", zh: "请打开你的红包！" },
  "ended": { en: "Thank you for coming", zh: "谢谢参与" },
  "wave.of": { en: "Wave {0} of {1}", zh: "第 {0} 轮，共 {1} 轮" },
  "winners": { en: "Just won", zh: "最新红包" },
  "winners.none": { en: "The first packet is still to be won", zh: "第一个红包等你来抢" },
  "luckiest": { en: "The luckiest", zh: "手气榜" },
  "packet": { en: "{0} packet", zh: "{0} 个红包" },
  "packets": { en: "{0} packets", zh: "{0} 个红包" },
  "guests": { en: "{0} guests, {1} here now", zh: "共 {0} 位来宾，{1} 位在线" },
  "left": { en: "{0} packets left, {1} yuan", zh: "还剩 {0} 个红包，{1} 元" },
  "won": { en: "{0} yuan won", zh: "已抢 {0} 元" },
  "sponsors": { en: "with {0}", zh: "{0} 赞助" },
  "keys": {
    en: "S start · P pause · E end the evening · F full screen · T light or dark · L 中文",
    zh: "S 开始 · P 暂停 · E 结束 · F 全屏 · T 明暗 · L English",
  },
  "secret.missing": {
    en: "This page is the host's. Open it by the link that redpkt party has printed.",
    zh: "这是主持人的页面，请用 redpkt party 打印的链接打开。",
  },
  "away": {
    en: "The party's computer doesn't answer. This page keeps trying.",
    zh: "暂时连不上主机，正在重试。",
  },
  "end.ask": {
    en: "End the evening? No wave comes any more. Guests have {0} s to open what they have won.",
    zh: "结束活动？之后不再有新的轮次，来宾还有 {0} 秒打开红包。",
  },
  "stop.ask": {
    en: "End this wave now? What is left of it goes back.",
    zh: "现在结束这一轮？剩下的红包将退回。",
  },
  "yes": { en: "Yes", zh: "确定" },
  "no": { en: "No", zh: "取消" },
  "host.title": { en: "Host", zh: "主持" },
  "host.start": { en: "Start wave {0}", zh: "开始第 {0} 轮" },
  "host.pause": { en: "Pause", zh: "暂停" },
  "host.resume": { en: "Go on", zh: "继续" },
  "host.stop": { en: "End this wave", zh: "结束本轮" },
  "host.end": { en: "End the evening", zh: "结束活动" },
  "host.wall": { en: "Big screen", zh: "大屏幕" },
  "host.guests": { en: "Guests", zh: "来宾" },
  "host.release": { en: "Let in again", zh: "允许重新进入" },
  "host.released": { en: "{0} can come in on another phone now.", zh: "{0} 现在可以用另一台手机进入。" },
  "host.done": { en: "Done", zh: "完成" },
  "host.ended": {
    en: "The evening is over. The list of winners is in the party's folder.",
    zh: "活动已结束，获奖名单在活动文件夹里。",
  },
  "host.devices": { en: "{0} devices", zh: "{0} 台设备" },
} as const satisfies Readonly<Record<string, Readonly<Record<Language, string>>>>;

export type WallKey = keyof typeof TEXTS;

/** Every text, for whoever checks them. */
export const ALL_WALL_TEXTS: Readonly<Record<WallKey, Readonly<Record<Language, string>>>> = TEXTS;

/** A text in a language, with what is filled in. */
export function tell(language: Language, key: WallKey, ...values: readonly (string | number)[]): string {
  return TEXTS[key][language].replaceAll(/\{(\d)\}/g, (_, place) => String(values[Number(place)] ?? ""));
}
