-- name: CurrentTerms :one
SELECT version, note, published_at FROM terms_versions ORDER BY version DESC LIMIT 1;

-- name: Agreement :one
-- Of the version with the highest number, whatever its id (contract user.md 8, defect 3).
SELECT v.version, v.note,
       EXISTS (SELECT FROM terms_agreements g WHERE g.account_id = @account_id AND g.terms_version_id = v.id) AS agreed
FROM terms_versions v
ORDER BY v.version DESC
LIMIT 1;

-- name: AgreeToVersion :execrows
-- Numbers may come larger than the column holds; they are just unknown (contract user.md 2.20).
INSERT INTO terms_agreements (account_id, terms_version_id, agreed_at)
SELECT a.id, v.id, @agreed_at
FROM accounts a, terms_versions v
WHERE a.id = @account_id AND v.version = @version::bigint AND v.version = (SELECT max(newest.version) FROM terms_versions newest)
ON CONFLICT DO NOTHING;

-- name: WhyNotAgreed :one
SELECT EXISTS (SELECT FROM accounts WHERE accounts.id = @account_id) AS account_known,
       EXISTS (SELECT FROM terms_versions WHERE terms_versions.version = @version::bigint) AS version_known,
       EXISTS (SELECT FROM terms_versions WHERE terms_versions.version > @version::bigint) AS newer_exists;

-- name: AgreeToCurrentTerms :execrows
INSERT INTO terms_agreements (account_id, terms_version_id, agreed_at)
SELECT @account_id, id, @agreed_at FROM terms_versions ORDER BY version DESC LIMIT 1
ON CONFLICT DO NOTHING;
