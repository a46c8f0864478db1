"""The live floor: boards, alerts, supervisors' interventions, rules edited live, plans and what-if."""
