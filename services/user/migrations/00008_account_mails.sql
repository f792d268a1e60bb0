-- +goose Up

SET LOCAL lock_timeout = '3s';

-- Some mails go to the operators of the shop.
-- migrationlint:allow drop because the constraint comes back wider in this transaction, and what the release before writes fits the wider one
ALTER TABLE mail_templates DROP CONSTRAINT mail_templates_audience_check;
-- migrationlint:allow validates-constraint because these are a dozen texts of mails, which operators keep few
ALTER TABLE mail_templates ADD CONSTRAINT mail_templates_audience_check CHECK (audience IN ('member', 'prospect', 'operator'));

-- Set right before a mail is handed over to the mail server and cleared when that failed. A mail that is found with it, by
-- whoever takes up the job of a process that was killed, may be out: it is not sent again but listed as interrupted.
ALTER TABLE mails ADD COLUMN handed_over_at timestamptz;
-- migrationlint:allow drop because the constraint comes back wider in this transaction, and what the release before writes fits the wider one
ALTER TABLE mail_failures DROP CONSTRAINT mail_failures_kind_check;
-- migrationlint:allow validates-constraint because the first release brings this with its empty table; on a large one, everybody would wait until all rows are read
ALTER TABLE mail_failures ADD CONSTRAINT mail_failures_kind_check CHECK (kind IN ('formatting', 'smtp_send', 'interrupted'));

-- member-welcome takes the place of welcome, which stays for mails that were queued with its placeholders.
INSERT INTO mail_templates (id, code, purpose, audience, status, subject, body_text, body_html) VALUES
(6, 'email-verification', 'account', 'member', 'ready', 'Confirm your e-mail address for {ENVIRONMENT_DOMAIN}',
 'Hello {recipient_first_name} {recipient_last_name},{line_break}open this link within 24 hours to confirm that this address belongs to your account {username}:{short_line_break}{ENVIRONMENT_DOMAIN}/account/?email_verification_code={email_verification_code}{line_break}A link from an earlier mail no longer works. You did not ask for this? Then you need do nothing.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name} {recipient_last_name},</p><p><a href="{ENVIRONMENT_DOMAIN}/account/?email_verification_code={email_verification_code}">Open this link</a> within 24 hours to confirm that this address belongs to your account <b>{username}</b>.</p><p>A link from an earlier mail no longer works. You did not ask for this? Then you need do nothing.</p></body></html>'),
(7, 'password-reset', 'account', 'member', 'ready', 'Choose a new password for {ENVIRONMENT_DOMAIN}',
 'Hello {recipient_first_name} {recipient_last_name},{line_break}somebody, probably you, asked for a new password for the account {username}. This link is good for one hour and works once:{short_line_break}{ENVIRONMENT_DOMAIN}/set-new-password?password_reset_code={password_reset_code}{line_break}You did not ask? Then leave this mail alone: your password stays as it is.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name} {recipient_last_name},</p><p>somebody, probably you, asked for a new password for the account <b>{username}</b>. <a href="{ENVIRONMENT_DOMAIN}/set-new-password?password_reset_code={password_reset_code}">This link</a> is good for one hour and works once.</p><p>You did not ask? Then leave this mail alone: your password stays as it is.</p></body></html>'),
(8, 'password-changed', 'account', 'member', 'ready', 'Your password for {ENVIRONMENT_DOMAIN} was changed',
 'Hello {recipient_first_name} {recipient_last_name},{line_break}the password of your account {username} was changed just now, and every other device was logged out.{line_break}That was not you? Then ask for a new password at once and write to us:{short_line_break}{ENVIRONMENT_DOMAIN}/reset-password{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name} {recipient_last_name},</p><p>the password of your account <b>{username}</b> was changed just now, and every other device was logged out.</p><p>That was not you? Then <a href="{ENVIRONMENT_DOMAIN}/reset-password">ask for a new password</a> at once and write to us.</p></body></html>'),
(9, 'username-reminder', 'account', 'member', 'ready', 'Your user name at {ENVIRONMENT_DOMAIN}',
 'Hello {recipient_first_name} {recipient_last_name},{line_break}you asked which user name belongs to {email_address}. It is: {username}{line_break}Log in with it here:{short_line_break}{ENVIRONMENT_DOMAIN}/login{line_break}You did not ask? Then you need do nothing.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name} {recipient_last_name},</p><p>you asked which user name belongs to {email_address}. It is: <b>{username}</b></p><p><a href="{ENVIRONMENT_DOMAIN}/login">Log in with it</a>. You did not ask? Then you need do nothing.</p></body></html>'),
(10, 'email-changed', 'account', 'member', 'ready', 'Confirm your new e-mail address for {ENVIRONMENT_DOMAIN}',
 'Hello {recipient_first_name} {recipient_last_name},{line_break}your account {username} now has this address. Open this link within 24 hours to confirm that mail reaches you here:{short_line_break}{ENVIRONMENT_DOMAIN}/account/?email_verification_code={email_verification_code}{line_break}You have no such account? Then somebody typed your address by mistake: you need do nothing.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name} {recipient_last_name},</p><p>your account <b>{username}</b> now has this address. <a href="{ENVIRONMENT_DOMAIN}/account/?email_verification_code={email_verification_code}">Open this link</a> within 24 hours to confirm that mail reaches you here.</p><p>You have no such account? Then somebody typed your address by mistake: you need do nothing.</p></body></html>'),
(11, 'email-changed-notice', 'account', 'member', 'ready', 'The e-mail address of your account at {ENVIRONMENT_DOMAIN} was changed',
 'Hello {recipient_first_name} {recipient_last_name},{line_break}your account {username} was given another e-mail address just now. From here on we write there, and this is the last mail about the account to this address.{line_break}That was not you? Then answer this mail at once: we will look into it.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name} {recipient_last_name},</p><p>your account <b>{username}</b> was given another e-mail address just now. From here on we write there, and this is the last mail about the account to this address.</p><p>That was not you? Then answer this mail at once: we will look into it.</p></body></html>'),
(12, 'chat-notice', 'account', 'operator', 'ready', 'New chat message at {ENVIRONMENT_DOMAIN}',
 'Somebody wrote to the shop through the chat dialogue.{line_break}Message number {chat_message_id}, {received_at} (UTC). It is kept with the chat messages of the shop.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Somebody wrote to the shop through the chat dialogue.</p><p>Message number {chat_message_id}, {received_at} (UTC). It is kept with the chat messages of the shop.</p></body></html>'),
(13, 'member-welcome', 'account', 'member', 'ready', 'Welcome to {ENVIRONMENT_DOMAIN}',
 'Hello {recipient_first_name} {recipient_last_name},{line_break}your account is ready. Your user name is {username}.{line_break}Please open this link within 24 hours, so that we know that mail reaches you here:{short_line_break}{ENVIRONMENT_DOMAIN}/account/?email_verification_code={email_verification_code}{line_break}You did not make this account? Then somebody typed your address by mistake: you need do nothing.{line_break}Which news you get from us is your choice:{short_line_break}{ENVIRONMENT_DOMAIN}/account/edit-communication-preferences?em_cd={em_cd}&mb_cd={mb_cd}{short_line_break}None at all, without logging in:{short_line_break}{ENVIRONMENT_DOMAIN}/account/email-unsubscribe?em_cd={em_cd}&mb_cd={mb_cd}&token={token}{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name} {recipient_last_name},</p><p>your account is ready. Your user name is <b>{username}</b>.</p><p><a href="{ENVIRONMENT_DOMAIN}/account/?email_verification_code={email_verification_code}">Please open this link</a> within 24 hours, so that we know that mail reaches you here.</p><p>You did not make this account? Then somebody typed your address by mistake: you need do nothing.</p><p>Which news you get from us is <a href="{ENVIRONMENT_DOMAIN}/account/edit-communication-preferences?em_cd={em_cd}&amp;mb_cd={mb_cd}">your choice</a>; you can also <a href="{ENVIRONMENT_DOMAIN}/account/email-unsubscribe?em_cd={em_cd}&amp;mb_cd={mb_cd}&amp;token={token}">get none at all</a> without logging in.</p></body></html>');

SELECT setval(pg_get_serial_sequence('mail_templates', 'id'), (SELECT max(id) FROM mail_templates));

-- +goose Down
DELETE FROM mails WHERE template_id BETWEEN 6 AND 13;
DELETE FROM mail_templates WHERE id BETWEEN 6 AND 13;
UPDATE mail_failures SET kind = 'smtp_send' WHERE kind = 'interrupted';
ALTER TABLE mail_failures DROP CONSTRAINT mail_failures_kind_check;
ALTER TABLE mail_failures ADD CONSTRAINT mail_failures_kind_check CHECK (kind IN ('formatting', 'smtp_send'));
ALTER TABLE mails DROP COLUMN handed_over_at;
ALTER TABLE mail_templates DROP CONSTRAINT mail_templates_audience_check;
ALTER TABLE mail_templates ADD CONSTRAINT mail_templates_audience_check CHECK (audience IN ('member', 'prospect'));
