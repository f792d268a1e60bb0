-- name: CurrentTerms :one
SELECT version, note, published_at FROM terms_versions ORDER BY version DESC LIMIT 1;

-- name: AgreeToCurrentTerms :execrows
INSERT INTO terms_agreements (account_id, terms_version_id, agreed_at)
SELECT @account_id, id, @agreed_at FROM terms_versions ORDER BY version DESC LIMIT 1
ON CONFLICT DO NOTHING;
