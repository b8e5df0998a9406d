import { Component, type ReactNode } from "react";
import { CommandFailed } from "../platform/host";
import { Failed } from "./pictures";

/** A part of the window that broke says so in its place; the rest goes on. */
export class Boundary extends Component<{ what: string; children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    const failure = new CommandFailed({
      code: "failed",
      title: `${this.props.what} could not be drawn: ${error.message}.`,
      hint: "Nothing is lost: what was decided is stored. Try again, and report it if it stays.",
    });
    return <Failed failure={failure} retry={() => this.setState({ error: null })} />;
  }
}
