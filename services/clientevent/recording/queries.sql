-- name: AddPageviews :copyfrom
INSERT INTO pageview (created_at, client_event_id, anonymous_id, url, page_width, remote_address, user_agent)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: AddAjaxErrors :copyfrom
INSERT INTO ajax_error (created_at, client_event_id, anonymous_id, url, error_id) VALUES ($1, $2, $3, $4, $5);

-- name: AddButtonClicks :copyfrom
INSERT INTO button_click (created_at, client_event_id, anonymous_id, url, button_id) VALUES ($1, $2, $3, $4, $5);

-- name: AddLinkEvents :copyfrom
INSERT INTO link_event (created_at, anonymous_id, url, mb_cd, pr_cd, em_cd, ad_cd) VALUES ($1, $2, $3, $4, $5, $6, $7);
