output "service_name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.this.name
}

output "family" {
  description = "Family of task definitions that ship registers."
  value       = local.qualified
}

output "template" {
  description = "Family of the template."
  value       = aws_ecs_task_definition.this.family
}

output "migration_template" {
  description = "Family of the migration's template; empty without a schema."
  value       = one(aws_ecs_task_definition.migration[*].family) == null ? "" : one(aws_ecs_task_definition.migration[*].family)
}

output "log_group" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "security_group_id" {
  description = "Group of the tasks."
  value       = aws_security_group.this.id
}

output "target_group_arn" {
  description = "Target group; null without a listener."
  value       = one(aws_lb_target_group.this[*].arn)
}

output "target_group_name" {
  description = "Name of the target group; null without a listener."
  value       = one(aws_lb_target_group.this[*].name)
}

output "target_group_arn_suffix" {
  description = "The target group as CloudWatch names it; null without a listener."
  value       = one(aws_lb_target_group.this[*].arn_suffix)
}

output "task_role_arn" {
  description = "Role of the process."
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "Role that starts it."
  value       = aws_iam_role.execution.arn
}

output "migration_role_arns" {
  description = "Both roles of the migration; empty without a schema."
  value       = concat(aws_iam_role.migration_task[*].arn, aws_iam_role.migration_execution[*].arn)
}

output "role_names" {
  description = "Names of all its roles."
  value       = concat([aws_iam_role.task.name, aws_iam_role.execution.name], aws_iam_role.migration_task[*].name, aws_iam_role.migration_execution[*].name)
}

output "variables" {
  description = "The plain environment of a serving task."
  value       = local.variables
}
