output "secrets" {
  description = "ARN and name of each secret, by the name that the caller gave it."
  value       = { for key, secret in aws_secretsmanager_secret.this : key => { arn = secret.arn, name = secret.name } }
}
