// A form about the member: filled with what is known, saved by one call, and kept when the session ended meanwhile.

import { fill } from '../element.js';
import { ajaxError } from '../event.js';
import { controlForm, keepDraft, restoreDraft } from '../form.js';
import { memberContent } from '../guard.js';
import { failure, notice } from '../state.js';
import { beforeStartingOver } from '../visitor.js';
import { isLoggedOut, logInAgain } from './login.js';

/**
 * Runs the page of a form. next is the page's name for the login ("account/change-password"); events name the failures
 * {content, send} (contract storefront.md 7); outcome is the key of the answer that says how it went.
 * fillIn(content) puts in what account-content knows; restored() follows when a draft was put back, whose return is told as kept.
 * check, send and done are those of controlForm; done is not asked when the session has ended. Resolves when the page is drawn.
 */
export async function editAsMember(edit) {
  const { next, form, events, fillIn } = edit;
  const place = document.querySelector('#account-state');
  let content;
  try {
    content = await memberContent(next);
  } catch (error) {
    ajaxError(events.content);
    form.hidden = true;
    failure(place, error, () => editAsMember(edit));
    return;
  }
  fill(place);
  form.hidden = false;
  fillIn(content);
  takeOver(edit, content.personal_data.username, place);
}

function takeOver({ next, form, events, outcome, kept, restored = () => {}, check, send, done, failed = () => {} }, owner, place) {
  if (restoreDraft(form, owner)) {
    restored();
    fill(place, notice('info', kept));
  }
  controlForm(form, {
    check, send,
    done: (answer, control) => {
      if (!isLoggedOut(answer[outcome])) return done(answer, control);
      keepDraft(form, owner);
      return logInAgain(next);
    },
    failed: (error) => { ajaxError(events.send); failed(error); },
  });
  beforeStartingOver(() => keepDraft(form, owner));
  form.inert = false;
}
