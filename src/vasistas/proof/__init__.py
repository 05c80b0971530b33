"""The checks that prove the policy, one module per topic, each beside the violation that must turn it red."""
