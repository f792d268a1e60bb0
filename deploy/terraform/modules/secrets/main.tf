# The secrets are made empty. What stands in them is written by `ship secrets`, so that no value ever passes through the state or
# a plan; one key is changed without the others being known here.
resource "aws_secretsmanager_secret" "this" {
  for_each = var.names

  name                    = each.value
  description             = "JSON object of the secret variables of ${each.key}; written by ship secrets"
  recovery_window_in_days = var.recovery_window_in_days
  kms_key_id              = var.kms_key_arn
}
