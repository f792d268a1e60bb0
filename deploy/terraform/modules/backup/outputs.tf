output "vault_name" {
  description = "Vault of the recovery points."
  value       = aws_backup_vault.this.name
}

output "plan_id" {
  description = "Plan that fills it."
  value       = aws_backup_plan.this.id
}

output "drill_policy_arn" {
  description = "Policy for whoever runs restore drills."
  value       = aws_iam_policy.drill.arn
}
