// What a person could not read: text with too little contrast, and text that is cut off or reaches beyond the window.
(() => {
  const channels = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (above, below) => above.rgb.map((value, at) => value * above.a + below[at] * (1 - above.a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = channels(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own.rgb : over(own, ground(element.parentElement));
  };
  const faults = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    const box = element.getBoundingClientRect();
    // What is a pixel wide is for those who listen.
    if (!text || !element.checkVisibility() || box.width <= 1) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const [light, dark] = [over(channels(style.color), below), below].map(luminance).sort((one, other) => other - one);
    const contrast = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) faults.push(`${text}: contrast ${contrast.toFixed(2)}`);
    if (box.left < 0 || box.right > innerWidth) faults.push(`${text}: beyond the window`);
    if (style.overflow !== "visible" && element.scrollWidth > element.clientWidth) faults.push(`${text}: cut off`);
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push("the page is wider than its window");
  return faults;
})()
