using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Tensors;
using BufferPool = Unroll.Kernels.BufferPool;

namespace Unroll.Layers;

/// <summary>A plan's weights, packed into the panels that its products read and kept until a parameter changes.</summary>
internal sealed class CellWeights
{
    private readonly CellPlan plan;
    private readonly Parameter[] parameters;
    private readonly long[] versions;
    private readonly int width;
    private readonly PackWork work;

    /// <param name="plan">The plan.</param>
    /// <param name="parameters">One for each stored parameter of the cell.</param>
    /// <param name="lanes">Numbers in a vector.</param>
    public CellWeights(CellPlan plan, Parameter[] parameters, int lanes)
    {
        (this.plan, this.parameters, width) = (plan, parameters, 2 * lanes);
        versions = new long[parameters.Length];
        Array.Fill(versions, -1);
        work = new PackWork(this);
        Panels = new ProductPanels[plan.Panels.Count];
        for (int i = 0; i < Panels.Length; i++)
        {
            var spec = plan.Panels[i];
            Panels[i] = new ProductPanels
            {
                Weights = BufferPool.Rent(PanelCount(spec) * K(spec) * width),
                Bias = spec.Biases.Length == 0 ? null : BufferPool.Rent(PanelCount(spec) * width),
            };
        }
        RowVectors = new Buffer<float>[plan.RowVectors.Count];
        for (int i = 0; i < RowVectors.Length; i++)
        {
            int size = plan.RowVectors[i].Size;
            // One number serves every group of features: as many as the largest vector has.
            RowVectors[i] = BufferPool.Rent((size > 0 ? CellPlan.BlocksOf(size) : plan.Matrices.Max(m => m.Blocks)) * ProductTile.Block);
            RowVectors[i].Span.Fill((float)plan.RowVectors[i].Value);
        }
    }

    public ProductPanels[] Panels { get; }
    public Buffer<float>[] RowVectors { get; }

    /// <summary>Rounds the weights to a format, from the next <see cref="Refresh"/> on.</summary>
    /// <exception cref="BadUsageException">A product has more terms than 8-bit weights take.</exception>
    public void Store(PanelFormat format)
    {
        for (int i = 0; i < Panels.Length; i++)
        {
            if (Panels[i].Format == format) continue;
            var (panels, spec) = (Panels[i], plan.Panels[i]);
            foreach (var (k, _) in spec.Sources)
                if (format == PanelFormat.Int8 && k > Int8Panels.MostTerms)
                    throw new BadUsageException($"{plan.Cell.CellName}: a product of {k} features; 8-bit weights take at most {Int8Panels.MostTerms}, whose sum 32 bits hold: use BFloat16.");
            if (panels.Compact is not null) BufferPool.Return(panels.Compact);
            panels.Format = format;
            int columns = PanelCount(spec) * width;
            panels.Compact = format switch
            {
                PanelFormat.BFloat16 => BufferPool.Rent(columns * K(spec) / 2),
                PanelFormat.Int8 => BufferPool.Rent(columns / ProductTile.Block * Int8BlockBytes(spec) / sizeof(float)),
                _ => null,
            };
            Array.Fill(versions, -1);
        }
    }

    /// <summary>Packs again if any parameter has changed.</summary>
    public void Refresh()
    {
        bool changed = false;
        for (int i = 0; i < versions.Length; i++)
        {
            changed |= versions[i] != parameters[i].Version;
            versions[i] = parameters[i].Version;
        }
        if (!changed) return;
        ThreadTeam.Run(work, ThreadTeam.Available);
        for (int i = 0; i < RowVectors.Length; i++)
        {
            var value = plan.RowVectors[i];
            if (value.Kind == ExpressionKind.Constant) continue;
            var to = RowVectors[i].Span;
            if (value.Size == 0) to.Fill((float)Fixed(value, 0));
            else if (value.Kind == ExpressionKind.Vector) parameters[value.Vector!.Store.Index].Values.Slice(value.Vector.First, value.Size).CopyTo(to);
            else for (int feature = 0; feature < value.Size; feature++) to[feature] = (float)Fixed(value, feature);
        }
    }

    /// <summary>A feature of what parameters and constants alone make.</summary>
    private double Fixed(Expression e, int feature) => e.Kind switch
    {
        ExpressionKind.Constant => e.Value,
        ExpressionKind.Vector => parameters[e.Vector!.Store.Index].Values[e.Vector.First + (e.Size == 0 ? 0 : feature)],
        _ => e.Operation!.Value(Fixed(e.A!, feature), e.B is null ? 0 : Fixed(e.B, feature)),
    };

    private static int K(PanelSpec spec)
    {
        int k = 0;
        foreach (var source in spec.Sources) k += source.K;
        return k;
    }

    private static int Int8BlockBytes(PanelSpec spec)
    {
        int bytes = 0;
        foreach (var source in spec.Sources) bytes += Int8Panels.Bytes(source.K);
        return bytes;
    }

    private int PanelCount(PanelSpec spec) => (CellPlan.BlocksOf(spec.Size) * spec.Destinations * ProductTile.Block + width - 1) / width;

    private void Pack(int part, int parts)
    {
        for (int i = 0; i < Panels.Length; i++)
        {
            var spec = plan.Panels[i];
            int count = PanelCount(spec);
            for (int panel = count * part / parts; panel < count * (part + 1) / parts; panel++) Pack(spec, Panels[i], panel);
        }
    }

    private void Pack(PanelSpec spec, ProductPanels panels, int number)
    {
        int k = K(spec);
        var panel = panels.Weights!.Span.Slice(number * k * width, k * width);
        if (spec.IsPadded) panel.Clear();
        if (panels.Bias is not null) panels.Bias.Span.Slice(number * width, width).Clear();
        int run = Math.Min(width, ProductTile.Block);
        for (int column = 0; column < width; column += run)
        {
            int block = (number * width + column) / ProductTile.Block, lane = (number * width + column) % ProductTile.Block;
            int destination = block % spec.Destinations, unit = block / spec.Destinations * ProductTile.Block + lane;
            int units = Math.Min(run, spec.Size - unit);
            if (units <= 0) continue;
            int start = 0;
            foreach (var (sourceK, pieces) in spec.Sources)
            {
                foreach (var piece in pieces) Pack(piece, piece.Matrices[destination], unit, units, panel[((start + piece.Offset) * width + column)..]);
                start += sourceK;
            }
            if (panels.Bias is not null && spec.Biases[destination] is { } bias)
                parameters[bias.Store.Index].Values.Slice(bias.First + unit, units).CopyTo(panels.Bias.Span[(number * width + column)..]);
        }
        if (panels.Format == PanelFormat.BFloat16) BFloat16Panels.Round(panel, width, panels.Compact!, number * k * width);
        int from = 0, offset = 0;
        foreach (var (sourceK, _) in panels.Format == PanelFormat.Int8 ? spec.Sources : [])
        {
            Int8Panels.Round(panel.Slice(from * width, sourceK * width), width, panels.Compact!, Int8BlockBytes(spec), offset, number * width);
            from += sourceK;
            offset += Int8Panels.Bytes(sourceK);
        }
    }

    private void Pack(PanelPiece piece, MatrixParameter matrix, int unit, int units, Span<float> to)
    {
        var values = parameters[matrix.Store.Index].Values.Slice(matrix.FirstRow * matrix.Columns, matrix.Rows * matrix.Columns);
        // A panel's column is a row of the matrix, unless the matrix is used transposed.
        Packing.Columns(!piece.Transposed, values, matrix.Columns, piece.Size, unit, units, to, width);
    }

    private sealed class PackWork(CellWeights weights) : TeamWork
    {
        public override void Run(int part, int parts) => weights.Pack(part, parts);
    }
}
