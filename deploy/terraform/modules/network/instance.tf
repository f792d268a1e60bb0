# The cheap egress: one small ARM64 instance that masquerades. Its network interface outlives it, so that replacing the
# instance keeps the public address and the routes.

locals {
  instances = var.egress == "nat-instance" ? 1 : 0
}

# Public parameter kept by AWS: the newest Amazon Linux 2023.
data "aws_ssm_parameter" "image" {
  count = local.instances

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_security_group" "nat" {
  count = local.instances

  name        = "${var.name}-nat"
  description = "NAT instance: HTTPS of this VPC to the internet"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-nat" }
}

resource "aws_vpc_security_group_ingress_rule" "nat" {
  count = local.instances

  security_group_id = aws_security_group.nat[0].id
  description       = "HTTPS of the private subnets; DNS and time are served inside the VPC"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "nat" {
  count = local.instances

  security_group_id = aws_security_group.nat[0].id
  description       = "HTTPS: AWS, Stripe, packages"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_network_interface" "nat" {
  count = local.instances

  subnet_id         = aws_subnet.public[0].id
  security_groups   = [aws_security_group.nat[0].id]
  source_dest_check = false # it forwards what is not addressed to it
  description       = "NAT of ${var.name}"

  tags = { Name = "${var.name}-nat" }
}

resource "aws_eip" "nat" {
  count = local.instances

  domain            = "vpc"
  network_interface = aws_network_interface.nat[0].id

  tags = { Name = "${var.name}-nat" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "instance" {
  count = local.instances * 2

  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  network_interface_id   = aws_network_interface.nat[0].id
}

resource "aws_iam_role" "nat" {
  count = local.instances

  name = "${var.name}-nat"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

# Session Manager instead of a key and an open port 22.
resource "aws_iam_role_policy_attachment" "nat" {
  count = local.instances

  role       = aws_iam_role.nat[0].name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "nat" {
  count = local.instances

  name = "${var.name}-nat"
  role = aws_iam_role.nat[0].name
}

resource "aws_instance" "nat" {
  count = local.instances

  ami                         = data.aws_ssm_parameter.image[0].value
  instance_type               = var.nat_instance_type
  iam_instance_profile        = aws_iam_instance_profile.nat[0].name
  user_data                   = templatefile("${path.module}/nat.sh", { cidr = var.cidr })
  user_data_replace_on_change = true

  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.nat[0].id
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 8
    encrypted   = true
  }

  maintenance_options {
    auto_recovery = "default"
  }

  tags = { Name = "${var.name}-nat" }

  # A new image must not cut the shop off in the middle of an unrelated apply: replaced on purpose, see the README.
  lifecycle {
    ignore_changes = [ami]
  }

  # It installs nftables at its first start, so its way out must stand by then.
  depends_on = [aws_eip.nat, aws_route.internet, aws_route_table_association.public]
}

resource "aws_cloudwatch_metric_alarm" "nat_host" {
  count = local.instances

  alarm_name          = "${var.name}-nat-host-failed"
  alarm_description   = "The NAT instance's host failed: it is moved to another one by itself."
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed_System"
  dimensions          = { InstanceId = aws_instance.nat[0].id }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  alarm_actions       = concat(["arn:aws:automate:${data.aws_region.current.name}:ec2:recover"], var.alarm_topic_arns)
}

resource "aws_cloudwatch_metric_alarm" "nat_system" {
  count = local.instances

  alarm_name          = "${var.name}-nat-hangs"
  alarm_description   = "The NAT instance does not answer: it is rebooted by itself. Tasks cannot reach Stripe or SES meanwhile."
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed_Instance"
  dimensions          = { InstanceId = aws_instance.nat[0].id }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  alarm_actions       = concat(["arn:aws:automate:${data.aws_region.current.name}:ec2:reboot"], var.alarm_topic_arns)
}
