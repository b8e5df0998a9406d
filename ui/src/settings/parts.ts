/** The parts, in the order in which they are needed: what is connected first, how it looks last. */
export const parts = [
  ["sources", "Kubeconfigs", "Where contexts come from."],
  ["history", "History", "How long what was seen is kept, and what lies on the disk."],
  ["logins", "Login programs", "Which programs kubeconfigs may run on this machine."],
  ["clusters", "Each cluster", "Changes, namespaces, certificates, and where metrics, logs and alerts are asked."],
  ["calls", "Calls and approvals", "What investigations can ask for, and what waits for you."],
  ["models", "Models", "Language models that may be asked; none is needed."],
  ["servers", "MCP servers", "Tools of other programs, behind the same gate as ours."],
  ["notices", "Notifications", "When the desktop is told of new incidents, and when it is left alone."],
  ["appearance", "Appearance", "Light and dark."],
  ["keys", "Keys", "Every shortcut."],
  ["about", "About", "Version, folders, what this run goes on without."],
] as const;
export type SettingsPart = (typeof parts)[number][0];
export const isPart = (text: string): text is SettingsPart => parts.some(([part]) => part === text);
