# The example's values make a plan: run with -var-file=example.tfvars.
mock_provider "aws" {
  source = "../../tests/mocks"
}

mock_provider "aws" {
  alias  = "replica"
  source = "../../tests/mocks"
}

run "example" {
  command = plan

  assert {
    condition     = module.environment.connections.wanted <= module.environment.connections.available
    error_message = "the pools want more connections than the instance takes"
  }
}
