import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "./tokens.css";
import "./base.css";

export { type Ink, readInk } from "./ink";
export { chooseTheme, type Theme, type ThemeChoice, useTheme, useThemeChoice } from "./theme";
