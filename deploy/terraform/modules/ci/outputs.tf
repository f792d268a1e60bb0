output "role_arn" {
  description = "Role that the workflows take."
  value       = aws_iam_role.this.arn
}
