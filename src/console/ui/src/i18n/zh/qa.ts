// Owns the Chinese words of the Q&A room.
export const qa = {
  title: "询标答疑室",
  heading: "请在此等候",
  text: "询标由监督人员开启。评标委员会需要澄清时，问题会自动出现在本页，无需任何操作。",
  keep: "请保持本页打开，不要离开本室。",
};
