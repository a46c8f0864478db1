"""What is kept in SQL: records projected from the journal, customers, notes, accounts and sessions."""
