/**
 * Every key of the window, by where it works: `[keys, what it does]`. What is bound in a view at a moment is shown by the
 * help; this is the whole list. A test fails where a view binds a key that is not in it.
 */
export const catalogue: { where: string; keys: [string, string][] }[] = [
  {
    where: "Everywhere",
    keys: [
      ["mod+k", "Find a command or a place"],
      ["?", "Show the keys that work here"],
      ["/", "Search clusters"],
      ["g f", "Go to the clusters"],
      ["g a", "Go to the incidents of all open clusters"],
      ["g i", "Go to the incidents of the cluster"],
      ["g c", "Go to cases"],
      ["g b", "Go to blueprints"],
      ["g l", "Go to the library"],
      ["g s", "Go to the settings"],
      ["mod+,", "Go to the settings"],
      ["m", "3 a.m. mode, and back"],
      ["y", "Copy a link to what is shown"],
      ["u", "Undo what was just done"],
      ["alt+ArrowLeft", "Back"],
      ["alt+ArrowRight", "Forward"],
      ["[", "Fold or unfold the rail"],
      ["shift+l", "Switch between light and dark"],
      ["Escape", "Close what lies on top"],
    ],
  },
  {
    where: "Clusters",
    keys: [
      ["ArrowDown", "Next cluster"],
      ["ArrowUp", "Previous cluster"],
      ["shift+ArrowDown", "Choose and go on"],
      ["Space", "Choose, or not"],
      ["mod+a", "Choose all that are found"],
      ["Enter", "Open what is chosen, or look at the one"],
      ["shift+Enter", "Open it and stay in the list"],
      ["s", "Where kubeconfigs come from: add, paste, take away"],
      ["shift+r", "Read the kubeconfigs again"],
    ],
  },
  {
    where: "Incidents",
    keys: [
      ["j", "Next incident"],
      ["k", "Previous incident"],
      ["o", "Open a case on the incident"],
      ["c", "Show the connection, and back"],
    ],
  },
  {
    where: "Connection",
    keys: [
      ["o", "Open the cluster"],
      ["shift+c", "Log in and start every watch anew"],
      ["w", "Watch another kind"],
    ],
  },
  {
    where: "Your decision",
    keys: [
      ["a", "Approve the call"],
      ["e", "Edit its arguments"],
      ["d", "Deny it, with words"],
      ["shift+a", "Allow reads of its namespace for a while"],
      ["mod+Enter", "Approve or release as edited"],
      ["r", "Release the result, or ask the cluster what a change would do"],
      ["t", "Change the text before release, or trust a login program"],
      ["w", "Withhold the result"],
      ["n", "Not now: the login program does not run"],
    ],
  },
  {
    where: "Case",
    keys: [
      ["i", "Investigate, or stop"],
      ["p", "Propose a call of your own"],
      ["h", "Write the hand-off note"],
      ["s", "Say something to the investigator"],
      ["n", "Write a note"],
      ["mod+s", "Save the case to a file"],
      ["1", "To the timeline"],
      ["2", "To the graph"],
      ["3", "To the hypotheses"],
      ["4", "To the conversation"],
      ["z 1", "Enlarge the timeline"],
      ["z 2", "Enlarge the graph"],
      ["z 3", "Enlarge the hypotheses"],
      ["z 4", "Enlarge the conversation"],
      ["v t", "Timeline as a list, and back"],
      ["v g", "Graph as a list, and back"],
    ],
  },
  {
    where: "Time",
    keys: [
      [",", "To the moment before"],
      [".", "To the next moment"],
      ["0", "Back to now"],
      ["ArrowLeft", "Earlier, on the timeline"],
      ["ArrowRight", "Later, on the timeline"],
      ["+", "Closer"],
      ["-", "Further away"],
    ],
  },
  {
    where: "Blueprints",
    keys: [
      ["c", "Write a new blueprint"],
      ["mod+s", "Store the blueprint"],
    ],
  },
  {
    where: "Settings",
    keys: [
      ["j", "Next part"],
      ["k", "Previous part"],
    ],
  },
];
