namespace CityMonitor.Faults;

/// <summary>Deals rows to cities that are played side by side: a city goes on with rows of its own kind as long as there are any.</summary>
sealed class Deal(IEnumerable<FaultRow> rows)
{
    readonly Lock gate = new();
    readonly List<FaultRow> left = [.. rows];
    readonly List<object> atWork = [];

    public int Left
    {
        get
        {
            lock (gate)
            {
                return left.Count;
            }
        }
    }

    /// <summary>The next row for a city of this kind, or null when there is none.</summary>
    public FaultRow? Next(object? kind)
    {
        lock (gate)
        {
            return Take(left.Find(row => KindOf(row).Equals(kind)));
        }
    }

    /// <summary>The first row for a new city: of the kind that has most rows left for each city that plays it. Null: nothing is left.</summary>
    public FaultRow? First()
    {
        lock (gate)
        {
            var row = left.GroupBy(KindOf).MaxBy(kind => (double)kind.Count() / (1 + atWork.Count(kind.Key.Equals)))?.First();
            if (row is not null)
            {
                atWork.Add(KindOf(row));
            }

            return Take(row);
        }
    }

    public void Done(object kind)
    {
        lock (gate)
        {
            atWork.Remove(kind);
        }
    }

    public static object KindOf(FaultRow row) => (row.Shape, row.Environment);

    FaultRow? Take(FaultRow? row)
    {
        if (row is not null)
        {
            left.Remove(row);
        }

        return row;
    }
}
