output "identifier" {
  description = "Identifier of the instance."
  value       = aws_db_instance.this.identifier
}

output "arn" {
  description = "ARN of the instance."
  value       = aws_db_instance.this.arn
}

output "host" {
  description = "Name to connect to."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Port to connect to."
  value       = aws_db_instance.this.port
}

output "master_username" {
  description = "Name of the master role."
  value       = aws_db_instance.this.username
}

output "master_secret_arn" {
  description = "Secret that RDS made: a JSON object with username and password."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "security_group_id" {
  description = "Group to add rules to."
  value       = aws_security_group.this.id
}

output "subnet_group_name" {
  description = "Where a restored copy is placed."
  value       = aws_db_subnet_group.this.name
}

output "parameter_group_name" {
  description = "What a restored copy is set to."
  value       = aws_db_parameter_group.this.name
}

output "max_connections" {
  description = "Connections that the instance takes."
  value       = local.max_connections
}
