import type { CommandForm } from "./command.ts";
import type { CommandTable } from "./dispatch.ts";

/** A command or an action of one, and the line that the list of commands has of it. */
export interface NamedForm {
  readonly form: CommandForm;
  /** Of a command; an action's is the first line of what it is about. */
  readonly summary: string | undefined;
}

/** The forms of all commands, each followed by those of its actions. */
export async function allForms(commands: CommandTable): Promise<NamedForm[]> {
  const forms: NamedForm[] = [];
  for (const { summary, load } of Object.values(commands)) {
    const { form } = (await load()).command;
    forms.push({ form, summary });
    for (const action of Object.values(form.actions ?? {})) forms.push({ form: action, summary: undefined });
  }
  return forms;
}
