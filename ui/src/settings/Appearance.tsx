import { testids } from "../testids";
import { chooseTheme, type ThemeChoice, useTheme, useThemeChoice } from "../tokens/theme";

const choices: [ThemeChoice, string, string][] = [
  ["dark", "Dark", "For a dark room."],
  ["light", "Light", "For daylight, and for a projector."],
  ["system", "As the system", "Follows the desktop, also when it changes."],
];

export function Appearance() {
  const choice = useThemeChoice();
  const theme = useTheme();
  return (
    <fieldset className="choices">
      <legend className="label">Theme</legend>
      {choices.map(([name, title, words]) => (
        <label key={name} className="choice">
          <input type="radio" name="theme" value={name} checked={choice === name} onChange={() => chooseTheme(name)} data-testid={testids.settingsTheme} data-theme-choice={name} />
          <span>
            {title}
            <span className="small faint choice-words">
              {words}
              {name === "system" && choice === "system" ? ` Now ${theme}.` : ""}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
