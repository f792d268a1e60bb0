-- name: CurrentTerms :one
SELECT version, note, published_at FROM terms_versions WHERE published_at <= @now::timestamptz ORDER BY version DESC LIMIT 1;

-- name: Agreement :one
-- Of the version with the highest number that is in force, whatever its id (contract user.md 8, defect 3).
SELECT v.version, v.note,
       EXISTS (SELECT FROM terms_agreements g WHERE g.account_id = @account_id AND g.terms_version_id = v.id) AS agreed
FROM terms_versions v
WHERE v.published_at <= @now::timestamptz
ORDER BY v.version DESC
LIMIT 1;

-- name: AgreeToVersion :execrows
-- Numbers may come larger than the column holds; they are just unknown (contract user.md 2.20).
INSERT INTO terms_agreements (account_id, terms_version_id, agreed_at)
SELECT a.id, v.id, @now::timestamptz
FROM accounts a, terms_versions v
WHERE a.id = @account_id AND v.version = @version::bigint
  AND v.version = (SELECT max(newest.version) FROM terms_versions newest WHERE newest.published_at <= @now::timestamptz)
ON CONFLICT DO NOTHING;

-- name: WhyNotAgreed :one
-- Nobody knows of a version yet that is in force from tomorrow.
SELECT EXISTS (SELECT FROM accounts WHERE accounts.id = @account_id) AS account_known,
       EXISTS (SELECT FROM terms_versions WHERE terms_versions.version = @version::bigint AND terms_versions.published_at <= @now::timestamptz) AS version_known,
       EXISTS (SELECT FROM terms_versions WHERE terms_versions.version > @version::bigint AND terms_versions.published_at <= @now::timestamptz) AS newer_exists;

-- name: AgreeToCurrentTerms :execrows
INSERT INTO terms_agreements (account_id, terms_version_id, agreed_at)
SELECT @account_id, id, @now::timestamptz FROM terms_versions WHERE published_at <= @now::timestamptz ORDER BY version DESC LIMIT 1
ON CONFLICT DO NOTHING;

-- name: LockVersions :exec
-- Readers go on; who publishes at the same time waits.
LOCK TABLE terms_versions IN SHARE ROW EXCLUSIVE MODE;

-- name: LastVersion :one
-- Also one that is not in force yet.
SELECT version, published_at FROM terms_versions ORDER BY version DESC LIMIT 1;

-- name: InsertVersion :exec
INSERT INTO terms_versions (version, note, published_at) VALUES (@version, @note, @published_at);

-- name: CountMembers :one
-- Those who can be asked.
SELECT count(*) FROM accounts WHERE is_active;
