-- +goose Up

SET LOCAL lock_timeout = '3s';

-- News about orders goes to whoever bought, members and guests alike.
-- migrationlint:allow drop because the constraint comes back wider in this transaction, and what the release before writes fits the wider one
ALTER TABLE mail_templates DROP CONSTRAINT mail_templates_purpose_check;
-- migrationlint:allow validates-constraint because these are a dozen texts of mails, which operators keep few
ALTER TABLE mail_templates ADD CONSTRAINT mail_templates_purpose_check CHECK (purpose IN ('order-confirmation', 'order-notice', 'account', 'campaign'));
-- migrationlint:allow drop because the constraint comes back wider in this transaction, and what the release before writes fits the wider one
ALTER TABLE mail_templates DROP CONSTRAINT mail_templates_audience_check;
-- migrationlint:allow validates-constraint because these are a dozen texts of mails, which operators keep few
ALTER TABLE mail_templates ADD CONSTRAINT mail_templates_audience_check CHECK (audience IN ('member', 'prospect', 'operator', 'customer'));

-- Operators may have taken the next numbers.
SELECT setval(pg_get_serial_sequence('mail_templates', 'id'), (SELECT max(id) FROM mail_templates));
INSERT INTO mail_templates (code, purpose, audience, status, subject, body_text, body_html) VALUES
('order-status', 'order-notice', 'customer', 'ready', 'Your order {identifier}: {status_title}',
 'Hello {recipient_first_name},{line_break}there is news about your order {identifier}:{line_break}{status_title}{short_line_break}{status_description}{line_break}The order is here:{short_line_break}{order_link}{line_break}Something is not right? Answer this mail and we will look into it.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name},</p><p>there is news about your order {identifier}:</p><p><b>{status_title}</b><br>{status_description}</p><p><a href="{order_link}">See the order</a></p><p>Something is not right? Answer this mail and we will look into it.</p></body></html>'),
('order-shipped', 'order-notice', 'customer', 'ready', 'Your order {identifier} is on its way',
 'Hello {recipient_first_name},{line_break}your order {identifier} has left our house.{line_break}{tracking_information}{line_break}The order is here:{short_line_break}{order_link}{line_break}Something is not right? Answer this mail and we will look into it.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name},</p><p>your order {identifier} has left our house.</p><p>{tracking_information}</p><p><a href="{order_link}">See the order</a></p><p>Something is not right? Answer this mail and we will look into it.</p></body></html>'),
('order-cancelled', 'order-notice', 'customer', 'ready', 'Your order {identifier} was cancelled',
 'Hello {recipient_first_name},{line_break}your order {identifier} was cancelled and will not be delivered.{line_break}If money is due to you, a mail of its own tells how much.{line_break}The order is here:{short_line_break}{order_link}{line_break}Something is not right? Answer this mail and we will look into it.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name},</p><p>your order {identifier} was cancelled and will not be delivered.</p><p>If money is due to you, a mail of its own tells how much.</p><p><a href="{order_link}">See the order</a></p><p>Something is not right? Answer this mail and we will look into it.</p></body></html>'),
('order-refunded', 'order-notice', 'customer', 'ready', 'A refund for your order {identifier}',
 'Hello {recipient_first_name},{line_break}money for your order {identifier} is on its way back to you:{line_break}{refund_information}{line_break}It goes to the means of payment that you used. Until your bank shows it, a few days may pass.{line_break}The order is here:{short_line_break}{order_link}{line_break}Something is not right? Answer this mail and we will look into it.{short_line_break}',
 '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;line-height:1.5"><p>Hello {recipient_first_name},</p><p>money for your order {identifier} is on its way back to you:</p><p>{refund_information}</p><p>It goes to the means of payment that you used. Until your bank shows it, a few days may pass.</p><p><a href="{order_link}">See the order</a></p><p>Something is not right? Answer this mail and we will look into it.</p></body></html>');

-- Confirmations tell the discounts. Texts that operators have edited stay as they are. The placeholder is an old one, so mails
-- that a process of the former version puts down meanwhile can be filled in.
-- migrationlint:allow slow-while-locked because these are a dozen texts of mails, which operators keep few
UPDATE mail_templates
SET body_text = replace(body_text, '{product_information}{line_break}', '{product_information}{line_break}{discount_information}{line_break}')
WHERE encode(sha256(convert_to(body_text, 'UTF8')), 'hex') IN (
        'f775da32f838df04248a4bbff5a55f12674de9bfca86730919d6862ac5b990a2',
        '824e99d827377bb387c28c38ac2d04ce4ba431e1653d3805f677215199d25828');
-- migrationlint:allow slow-while-locked because these are a dozen texts of mails, which operators keep few
UPDATE mail_templates
SET body_html = replace(body_html, '<p>{product_information}</p>', '<p>{product_information}<br>{discount_information}</p>')
WHERE encode(sha256(convert_to(body_html, 'UTF8')), 'hex') IN (
        '2a6a6eb585e459135299bd9730cbf8f16cc80c816676c387155ec65e9f026ab2',
        'c4b9c1e780e7e9a65ded0b2da92cebfc30db7805e5fa4915b129aefb25f552e1');

-- +goose Down
UPDATE mail_templates SET body_text = replace(body_text, '{product_information}{line_break}{discount_information}{line_break}', '{product_information}{line_break}'),
    body_html = replace(body_html, '<p>{product_information}<br>{discount_information}</p>', '<p>{product_information}</p>')
WHERE purpose = 'order-confirmation';
DELETE FROM mails WHERE template_id IN (SELECT id FROM mail_templates WHERE purpose = 'order-notice');
DELETE FROM mail_templates WHERE purpose = 'order-notice';
ALTER TABLE mail_templates DROP CONSTRAINT mail_templates_audience_check;
ALTER TABLE mail_templates ADD CONSTRAINT mail_templates_audience_check CHECK (audience IN ('member', 'prospect', 'operator'));
ALTER TABLE mail_templates DROP CONSTRAINT mail_templates_purpose_check;
ALTER TABLE mail_templates ADD CONSTRAINT mail_templates_purpose_check CHECK (purpose IN ('order-confirmation', 'account', 'campaign'));
