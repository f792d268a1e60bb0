# Nothing unless asked for; then no door but Session Manager.
mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name                       = "startupwebapp-test"
  vpc_id                     = "vpc-0mock"
  subnet_id                  = "subnet-0mock"
  database_security_group_id = "sg-0database"
}

run "off" {
  command = plan
  assert {
    condition     = length(aws_instance.this) == 0 && length(aws_vpc_security_group_ingress_rule.database) == 0
    error_message = "the bastion stands without being asked for"
  }
}

run "on" {
  variables {
    enabled = true
  }
  assert {
    condition     = !aws_instance.this[0].associate_public_ip_address && aws_instance.this[0].metadata_options[0].http_tokens == "required"
    error_message = "the bastion has a public address, or answers IMDSv1"
  }
  assert {
    condition     = length(aws_security_group.this[0].ingress) == 0 && aws_vpc_security_group_ingress_rule.database[0].referenced_security_group_id == aws_security_group.this[0].id
    error_message = "the bastion can be reached, or the database from elsewhere"
  }
}
