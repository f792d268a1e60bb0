-- name: LogClientEvents :one
-- LogClientEvents has no row when the configuration was deleted.
SELECT log_client_events FROM configuration;
