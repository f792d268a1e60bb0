output "instance_id" {
  description = "What Session Manager is told; null while it is off."
  value       = var.enabled ? aws_instance.this[0].id : null
}
