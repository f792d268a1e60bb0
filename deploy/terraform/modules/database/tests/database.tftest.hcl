# The properties that keep the shop's data private, encrypted and restorable.
mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name       = "startupwebapp-test"
  vpc_id     = "vpc-0mock"
  subnet_ids = ["subnet-1", "subnet-2"]
}

run "closed_encrypted_and_restorable" {
  assert {
    condition     = !aws_db_instance.this.publicly_accessible
    error_message = "the database is public"
  }
  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.storage_type == "gp3"
    error_message = "the database is not encrypted, or not on gp3"
  }
  assert {
    condition     = one([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"]) == "1"
    error_message = "the database takes connections without TLS"
  }
  assert {
    condition     = aws_db_instance.this.parameter_group_name == aws_db_parameter_group.this.name
    error_message = "the parameter group is not the instance's"
  }
  assert {
    condition     = one([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "max_connections"]) == tostring(output.max_connections)
    error_message = "max_connections is not what the budget of connections counts with"
  }
  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "the master password passes through Terraform"
  }
  assert {
    condition     = aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.final_snapshot_identifier == "startupwebapp-test-final"
    error_message = "the database can be deleted, or without a last snapshot"
  }
  assert {
    condition     = aws_db_instance.this.backup_retention_period >= 7 && !aws_db_instance.this.delete_automated_backups
    error_message = "less than 7 days can be restored"
  }
  assert {
    condition     = aws_db_instance.this.backup_window == "03:00-04:00" && aws_db_instance.this.maintenance_window == "sun:04:30-sun:05:30"
    error_message = "windows of backup and maintenance meet"
  }
  assert {
    condition     = aws_db_instance.this.max_allocated_storage > aws_db_instance.this.allocated_storage
    error_message = "the storage does not grow"
  }
  assert {
    condition     = aws_db_instance.this.performance_insights_enabled && contains(aws_db_instance.this.enabled_cloudwatch_logs_exports, "postgresql")
    error_message = "neither Performance Insights nor logs show what happened"
  }
  assert {
    condition     = aws_db_instance.this.engine == "postgres" && aws_db_instance.this.engine_version == "16" && !aws_db_instance.this.allow_major_version_upgrade
    error_message = "the engine is not PostgreSQL 16"
  }
  assert {
    condition     = length(aws_security_group.this.ingress) == 0
    error_message = "the database's group has rules of its own: only services and the bastion add theirs"
  }
  assert {
    condition     = one([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "log_error_verbosity"]) == "terse"
    error_message = "errors in the log quote rows of customers"
  }
}

run "refuses_less_than_a_week_of_backups" {
  command = plan
  variables {
    backup_retention_days = 1
  }
  expect_failures = [var.backup_retention_days]
}

run "refuses_a_class_of_unknown_connections" {
  command = plan
  variables {
    instance_class = "db.x9.huge"
  }
  expect_failures = [var.instance_class]
}

run "refuses_storage_that_cannot_grow" {
  command = plan
  variables {
    max_storage = 20
  }
  expect_failures = [var.max_storage]
}
