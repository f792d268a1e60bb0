# A tag never moves, each image is scanned, old ones go.
mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  project     = "startupwebapp"
  environment = "test"
  services    = ["user", "gateway"]
}

run "immutable_scanned_and_tidied" {
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && !repository.force_delete])
    error_message = "a repository lets tags move, does not scan, or is deleted with its images"
  }
  assert {
    condition     = aws_ecr_repository.this["user"].name == "startupwebapp-test/user"
    error_message = "ship and the workflows expect PROJECT-ENVIRONMENT/SERVICE"
  }
  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.this : jsondecode(policy.policy).rules[0].selection.countNumber == 30])
    error_message = "expected the last 30 releases to be kept"
  }
}
