/// <reference lib="dom" />
/** Coins that fly when a packet opens. */

const COINS = 26;
const FLIGHT_MS = 1_300;
/** The golden angle: any number of coins spreads evenly. */
const TURN = 2.399_963;

/** Lets coins fly from the middle of an element; none for who wants less motion. */
export function fly(from: HTMLElement): void {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (let i = 0; i < COINS; i++) {
    const coin = document.createElement("i");
    coin.className = "spark";
    from.append(coin);
    const angle = i * TURN;
    const far = 90 + (i * 53) % 150;
    const x = Math.cos(angle) * far;
    const y = Math.sin(angle) * far - 60;
    const size = 0.6 + (i * 7 % 10) / 10;
    coin.animate(
      [
        { transform: `translate(-50%, -50%) scale(0.2)`, opacity: 1 },
        { transform: `translate(${x}px, ${y}px) scale(${size})`, opacity: 1, offset: 0.45 },
        { transform: `translate(${x * 1.25}px, ${y + 320}px) scale(${size})`, opacity: 0 },
      ],
      { duration: FLIGHT_MS + (i % 5) * 120, easing: "cubic-bezier(0.2, 0.8, 0.5, 1)" },
    ).onfinish = () => coin.remove();
  }
}
